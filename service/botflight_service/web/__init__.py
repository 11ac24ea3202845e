"""The service over HTTP: the webhook, and the server that it stands on."""
