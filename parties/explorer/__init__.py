"""The statistician's page: released tables in a browser on this machine."""
