"""Money and quotas, computed: no I/O, no clock."""
