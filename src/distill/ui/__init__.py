"""The server of the web page: the library over HTTP and WebSocket, for the one person at it.

Nothing here loads torch or SciPy. Sounds are decoded and made by the player process, trainings run
as jobs.
"""
