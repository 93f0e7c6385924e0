"""The coding-agents platform: people give tasks to coding agents, and PostgreSQL keeps what is whose apart."""
