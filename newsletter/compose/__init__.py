"""PURE. Edition and reader to message: digest, notices, letterhead, MJML, splice, plain text, TeX to Unicode."""

from newsletter.compose.composer import Composer
from newsletter.compose.lint import Rendered, lint
from newsletter.compose.templates import default_template_folder

__all__ = ["Composer", "Rendered", "default_template_folder", "lint"]
