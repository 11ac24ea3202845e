"""The service as its next version will be: one more step of the schema, which only adds."""

from __future__ import annotations

import sys

from botflight_service.__main__ import main
from botflight_service.storage.sql.postgres import schema, store

schema.MIGRATIONS = (
    *schema.MIGRATIONS,
    "ALTER TABLE users ADD COLUMN shoe_size BIGINT; CREATE TABLE shoes (partner TEXT, user_id BIGINT);",
)
schema.SCHEMA_VERSION = store.SCHEMA_VERSION = len(schema.MIGRATIONS)

if __name__ == "__main__":
    sys.exit(main())
