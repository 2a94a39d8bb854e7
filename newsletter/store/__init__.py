"""SQLAlchemy Core; the only room with SQL; migrations."""
