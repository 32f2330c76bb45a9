"""Networks, their weights and heads. All but `registry` needs torch and is imported by the worker process, never by a
panel."""
