"""What executes, compares, renders and diagnoses the course. No lesson imports it."""
