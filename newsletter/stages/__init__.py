"""The four stages of the mission, each a thin shell around one verb: collecting, printing, cutting, dispatching."""
