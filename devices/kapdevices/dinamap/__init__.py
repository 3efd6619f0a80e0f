"""GE / Critikon DINAMAP monitors (ProCare, PRO 100 to 400, Compact, CARESCAPE V100): host communications."""
