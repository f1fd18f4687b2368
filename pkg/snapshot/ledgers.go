package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// LedgerName names one month of a dataset's ledger.
type LedgerName struct {
	Source, Dataset, Account string
	Month                    string // "2026-11"
}

// LedgerError says that an object is no ledger that can be used: broken, a newer program's, or another dataset's. Its text
// names the key and what to do.
type LedgerError struct {
	Key   string
	Month string // "2026-11", which it should be of
	Err   error
}

func (e *LedgerError) Error() string { return "the ledger " + e.Key + " " + e.Err.Error() }

// Unwrap is the cause.
func (e *LedgerError) Unwrap() error { return e.Err }

// ReadLedger reads one month of a ledger and answers its ETag. ErrNotFound where there is none; a *LedgerError where it
// cannot be used; any other error is the bucket's.
func ReadLedger(ctx context.Context, store Reader, layout Layout, n LedgerName) (l Ledger, etag string, err error) {
	key := layout.Ledger(n.Source, n.Dataset, n.Account, n.Month)
	body, info, err := store.Get(ctx, key)
	if err != nil {
		return Ledger{}, "", fmt.Errorf("read the ledger: %w", err)
	}
	text, err := io.ReadAll(body)
	if err := errors.Join(err, body.Close()); err != nil {
		return Ledger{}, "", fmt.Errorf("read the ledger %s: %w", key, err)
	}
	if l, err = parseLedger(text); err != nil {
		return Ledger{}, "", &LedgerError{key, n.Month, err}
	}
	if (LedgerName{l.Source, l.Dataset, l.Account, l.Month}) != n {
		return Ledger{}, "", &LedgerError{key, n.Month, fmt.Errorf("is another's (%s %s %s %s): it was copied here; "+
			"delete it to have its days read again", l.Source, l.Dataset, l.Account, l.Month)}
	}
	return l, info.ETag, nil
}
