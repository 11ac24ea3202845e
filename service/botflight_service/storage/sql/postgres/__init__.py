"""The store on PostgreSQL, where several replicas share the work."""

from botflight_service.storage.sql.postgres.store import PostgresStorage

__all__ = ["PostgresStorage"]
