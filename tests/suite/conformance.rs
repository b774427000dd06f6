//! Raw HTTP: the rows of the reference's conformance sequence, on both servers.
