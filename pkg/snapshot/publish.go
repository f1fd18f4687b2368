package snapshot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
)

// Format is the version of the data objects' form, kept in their metadata.
const Format = "1"

// Publisher writes data objects and their copies in latest/. Store, Run and Time are required. It is safe for concurrent
// use.
type Publisher struct {
	Store  Store
	Layout Layout
	Run    string    // the run's id
	Time   time.Time // the run's clock
}

// Publish puts a part's object in place whole, over the one that was listed (there; zero: none was), and answers its
// ETag. Where that one was deleted since, it is put in place anew. An object with the same content that came there
// meanwhile counts as written: it may be this one, whose answer was lost. Where anything else came there, it is
// ErrConflict and the other's object stays.
func (p *Publisher) Publish(
	ctx context.Context, n Name, c Content, body io.ReadSeeker, there Info,
) (etag string, err error) {
	return p.put(ctx, p.Layout.Data(n), c, body, there.ETag)
}

func (p *Publisher) put(ctx context.Context, key string, c Content, body io.ReadSeeker, have string) (string, error) {
	options := PutOptions{CreateOnly: have == "", IfMatch: have, ContentType: "application/x-ndjson"}
	options.Metadata = map[string]string{
		"rows":       strconv.FormatInt(c.Rows, 10),
		"sha256":     c.SHA256,
		"run":        p.Run,
		"fetched-at": p.Time.UTC().Format(time.RFC3339),
		"format":     Format,
	}
	etag, err := p.Store.Put(ctx, key, body, options)
	switch {
	case errors.Is(err, ErrNotFound) && have != "": // deleted since it was listed
		return p.put(ctx, key, c, body, "")
	case errors.Is(err, ErrPrecondition):
		return p.settle(ctx, key, c)
	}
	return etag, err
}

// settle decides a lost condition: the object there may be our own, from a request whose answer was lost.
func (p *Publisher) settle(ctx context.Context, key string, c Content) (string, error) {
	there, err := p.Store.Head(ctx, key)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return "", err
	}
	if err != nil || !c.Is(there) {
		return "", fmt.Errorf("write %s: %w", key, ErrConflict)
	}
	return there.ETag, nil
}

// Is says whether an object's metadata (as Head gives it) names this content.
func (c Content) Is(object Info) bool {
	return object.Metadata["sha256"] == c.SHA256 && object.Metadata["rows"] == strconv.FormatInt(c.Rows, 10)
}

// Latest brings a listing's copy in latest/ up to this content. A copy that holds it already, or that a later run
// wrote, stays. ErrConflict where another run writes it at the same moment.
func (p *Publisher) Latest(ctx context.Context, n Name, c Content, body io.ReadSeeker) error {
	key := p.Layout.Latest(n)
	there, err := p.Store.Head(ctx, key)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("look at %s: %w", key, err)
	}
	if err == nil {
		written, parseErr := time.Parse(time.RFC3339, there.Metadata["fetched-at"])
		if c.Is(there) || parseErr == nil && written.After(p.Time) {
			return nil
		}
	}
	_, err = p.put(ctx, key, c, body, there.ETag)
	return err
}

// Result keeps a run's result, as JSON, under runs/; a json.RawMessage in it stays as it is spelt. ErrConflict where the
// run has another result there.
func (p *Publisher) Result(ctx context.Context, result any) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(result); err != nil {
		return fmt.Errorf("write the run's result: %w", err)
	}
	key := p.Layout.Run(DayOf(p.Time.UTC()), p.Run)
	if _, err := replace(ctx, p.Store, key, "", "application/json", text.Bytes()); err != nil {
		return fmt.Errorf("write the run's result %s: %w", key, err)
	}
	return nil
}

// Objects lists a dataset's data objects of one account from day first to day last, by day and part. Keys of another
// form are passed over.
func Objects(
	ctx context.Context, store Reader, l Layout, source, dataset, account string, first, last Day,
) (map[Day]map[string]Info, error) {
	prefix := l.Partitions(source, dataset, account)
	found := map[Day]map[string]Info{}
	for info, err := range store.List(ctx, prefix, prefix+"dt="+first.String()) {
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", prefix, err)
		}
		name, ok := l.ParseData(info.Key)
		if !ok {
			continue
		}
		if name.Day > last {
			break
		}
		if found[name.Day] == nil {
			found[name.Day] = map[string]Info{}
		}
		found[name.Day][name.Part] = info
	}
	return found, nil
}

// Swap writes a small JSON document over the version that was read (have, an ETag; empty: there was none), and answers
// its new ETag. ErrConflict where another writer was there first. A document equal to this one that came there meanwhile
// counts as written, so one that must belong to one writer has to name him.
func Swap(ctx context.Context, store Store, key, have string, document any) (etag string, err error) {
	text, err := json.Marshal(document)
	if err != nil {
		return "", fmt.Errorf("write %s: %w", key, err)
	}
	if etag, err = replace(ctx, store, key, have, "application/json", text); err != nil {
		return "", fmt.Errorf("write %s: %w", key, err)
	}
	return etag, nil
}

// ErrForm says that an object is not of the form that yardstick writes.
var ErrForm = errors.New("the object is not what yardstick writes there")

// Load reads a small JSON document and answers its ETag. ErrNotFound where there is none; ErrForm, with the ETag beside
// it, where it is no such document, so that the caller may Swap a good one in.
func Load(ctx context.Context, store Reader, key string, document any) (etag string, err error) {
	body, info, err := store.Get(ctx, key)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", key, err)
	}
	text, err := io.ReadAll(body)
	if err := errors.Join(err, body.Close()); err != nil {
		return "", fmt.Errorf("read %s: %w", key, err)
	}
	if err := json.Unmarshal(text, document); err != nil {
		return info.ETag, fmt.Errorf("read %s: %w: %w", key, ErrForm, err)
	}
	return info.ETag, nil
}
