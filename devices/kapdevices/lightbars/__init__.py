"""Light bars on a serial line: frames as bytes, WLED's few questions, the writer, and a bar made of software."""
