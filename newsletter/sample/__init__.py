"""The bundled sample: a week of real papers, three readers and the settings of the demo."""
