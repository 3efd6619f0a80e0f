"""The room process: what the patient perceives. In this version it beats its heart and says what it cannot do yet."""
