# syntax=docker/dockerfile:1
# The service in a small image: what the lock pins, by hash, and the wheel of this tree; no compiler, no root, no shell needed.
#   docker build -t botflight . && docker run --rm -p 8080:8080 --env-file .env botflight

FROM python:3.13-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /src
RUN python -m venv /opt/botflight
COPY requirements.lock ./
# The lock names the tools of development as well: only what the extras `service` and `otlp` need is taken, all of it by hash.
COPY deploy/pinned.py ./deploy/
RUN --mount=type=bind,source=pyproject.toml,target=pyproject.toml \
    python deploy/pinned.py service otlp > service.lock \
    && /opt/botflight/bin/pip install --require-hashes --only-binary :all: --no-deps -r service.lock
COPY . .
RUN python deploy/pinned.py --only hatchling > build.lock \
    && python -m venv /opt/build && /opt/build/bin/pip install --require-hashes --only-binary :all: --no-deps -r build.lock \
    && /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /opt/botflight/bin/pip install --no-deps --no-index /wheels/*.whl \
    && /opt/botflight/bin/python -m compileall -q /opt/botflight/lib

FROM python:3.13-slim-bookworm
LABEL org.opencontainers.image.title="botflight" \
      org.opencontainers.image.description="A Telegram bot that charges exactly once" \
      org.opencontainers.image.licenses="MIT"
RUN useradd --system --uid 10001 --user-group --home-dir /var/lib/botflight --create-home botflight
COPY --from=build /opt/botflight /opt/botflight
ENV PATH=/opt/botflight/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOST=0.0.0.0 PORT=8080
USER 10001:10001
# Where the embedded store lies, unless DATABASE_URL names another.
WORKDIR /var/lib/botflight
VOLUME ["/var/lib/botflight"]
EXPOSE 8080
# Alive is not ready: what waits for Telegram or drains is not to be killed.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as web; web.urlopen(f\"http://127.0.0.1:{os.environ['PORT']}/livez\", timeout=2)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["botflight"]
CMD ["serve"]
