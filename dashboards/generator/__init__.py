"""Dashboards and rules as code: `make dashboards` writes what Grafana and Prometheus read."""
