// Package snapshot is what readers of the bucket rely on: the grammar of its keys, the encoding of a record as a line,
// the spool in which a window is gathered before it is written, the ledger that shows why a window is complete, and the
// order in which the three are published. It knows a bucket only as a Store.
//
// What takes a context blocks until the Store has answered, passes on the Store's errors with what was being done, and
// sends nothing again by itself: that is the Store's to do.
package snapshot
