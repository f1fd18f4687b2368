// Package export is the engine: from what is wanted (the accounts) and what is there (ledger and listing) it computes
// what is due, reads it from a vendor in a fair order until the deadline, and publishes each window whole. It knows no
// vendor, no HTTP, no AWS and no wall clock.
package export
