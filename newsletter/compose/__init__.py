"""PURE. Edition and reader to message: digest, notices, letterhead, MJML, splice, plain text, TeX to Unicode."""
