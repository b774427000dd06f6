//! Retries, outages, answers that are none; only against the scripted server.
