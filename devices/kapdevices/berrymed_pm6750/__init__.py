"""BerryMed PM6750 board: SpO2, cuff, ECG, respiration and temperature in one stream."""
