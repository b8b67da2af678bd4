"""Invented registers of three provinces for the demo; each module makes one part of them."""
