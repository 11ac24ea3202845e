"""The layers by their names, as the header, the launcher and the probes say them."""

PYTEST_SOCKET = "pytest-socket"
AUDIT_HOOK = "audit hook"
NAMESPACE = "network namespace"
SECCOMP = "seccomp"
DNS_SINK = "DNS sink"
NOTIFY = "seccomp user-notify"
LANDLOCK = "Landlock"

#: Either of these keeps programs in any language from the network.
KERNEL = frozenset({NAMESPACE, NOTIFY})
