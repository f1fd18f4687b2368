package scrunch

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/url"
	"strconv"

	"yardstick/pkg/export"
	"yardstick/pkg/rest"
	"yardstick/pkg/wire"

	"github.com/go-json-experiment/json/jsontext"
)

// pageSize is how many records of a listing are asked for at a time: the documented default of the parameter limit.
const pageSize = 100

// list reads a listing whole: limit, offset, and {"total":..,"items":[..]} (schemas CollectionResponse...). Its records
// have ids (schemas ...Listing): where one comes twice, the list moved, or the server leaves rows out of a page, and the next
// one begins too early.
func (s *Source) list(ctx context.Context, path string, asked url.Values, w export.Window, sink export.Sink) (export.Proof, error) {
	l := wire.List{Closed: w.Closed, ID: "id", Sink: sink, Full: pageSize, Cursor: w.Cursor}
	var body bytes.Buffer // a page's records are good until the next one is asked for
	l.Fetch = func(ctx context.Context, _, rows int) (wire.Page, error) {
		q := maps.Clone(asked)
		q.Set("limit", strconv.Itoa(pageSize))
		q.Set("offset", strconv.Itoa(rows))
		answer, err := s.get(ctx, rest.Request{Path: path, Query: q, Buffer: &body})
		if err != nil {
			return wire.Page{}, err
		}
		if err := wire.JSONType(answer.Header); err != nil {
			return wire.Page{}, err
		}
		page, err := parsePage(answer.Body)
		return page, s.told(err)
	}
	proof, err := l.Read(ctx)
	if err != nil {
		err = fmt.Errorf("GET %s: %w", path, err)
	}
	return proof, err
}

func parsePage(body []byte) (wire.Page, error) {
	whole, err := wire.Tree(body)
	if err != nil {
		return wire.Page{}, err
	}
	found, err := whole.Members()
	if err != nil {
		return wire.Page{}, wire.Malformed("the answer is %w, expected an object with total and items", err)
	}
	var p wire.Page
	var items bool
	var detail jsontext.Value
	for _, m := range found {
		switch m.Name {
		case "total":
			n := wire.Whole(m.Value)
			if n < 0 {
				return wire.Page{}, wire.Malformed("total is %s, expected a whole number", wire.Shape(m.Value))
			}
			p.Total = &n
		case "items":
			if p.Records, err = m.Elements(); err != nil {
				return wire.Page{}, wire.Malformed("items is %w, expected an array", err)
			}
			items = true
		case "detail":
			detail = m.Value
		}
	}
	switch {
	case items && p.Total != nil:
		return p, wire.Objects(p.Records)
	case detail != nil:
		return wire.Page{}, &saysNo{saying(detail)}
	}
	return wire.Page{}, wire.Malformed("the answer has no items or no total")
}
