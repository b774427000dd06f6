//! A scripted HTTP server on std sockets, for everything a real server must not do.
