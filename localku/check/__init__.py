"""`localku doctor`: judges an app by the twelve factors, reading it and watching it run."""
