"""GE and Datex-Ohmeda patient monitors over the S/5 computer interface: DRI records with numerics and waveforms."""
