"""APScheduler as a heartbeat: the database knows what is due, the scheduler remembers nothing."""
