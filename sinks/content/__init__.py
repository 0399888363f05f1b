"""What sinks of bytes share: from the records of a parcel to bytes, piece by piece, and the names under which they are put."""
