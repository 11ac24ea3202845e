"""How to start Chromium so that it asks for nothing but what its pages ask for."""

#: Its updater and its autofill service are pointed at loopback, where nobody listens: `--disable-component-update`
#: and `--disable-background-networking` leave both on (seen with Chromium 156 under Playwright). Feature lists are
#: left alone, because Playwright has one of its own and the last one counts.
QUIET_CHROMIUM = (
    "--component-updater=url-source=http://127.0.0.1:1/",
    "--autofill-server-url=http://127.0.0.1:1/",
)
