package scrunch

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"yardstick/pkg/export"
	"yardstick/pkg/wire"

	"github.com/go-json-experiment/json/jsontext"
)

// Brand is one brand that the key lists (schema BrandListing).
type Brand struct {
	ID     int64
	Name   jsontext.Value // as sent, a JSON string
	listed bool
}

// Listed are the brands that the key may read, as the vendor lists them, read once in a run. It blocks for the requests, or
// for another call that makes them, and ends with ctx. Errors are those of package rest, a *credential.Refused or
// *credential.SecretFault inside an *export.Error, and an *export.Error of kind Malformed, Incomplete, VendorError or
// NotInPlan. The slice is not to be changed.
func (s *Source) Listed(ctx context.Context) ([]Brand, error) {
	if err := s.listing.take(ctx); err != nil {
		return nil, err
	}
	defer s.listing.leave()
	if s.listed {
		return s.brands, nil
	}
	gathered := &gatherer{}
	_, err := s.list(ctx, listBrands, url.Values{}, export.Window{Dataset: "brands"}, gathered)
	if errors.Is(err, export.ErrMoving) { // no window that could be left for the next run
		err = wire.Incomplete("%v", err)
	}
	if err != nil {
		return nil, err
	}
	s.brands, s.listed = gathered.brands, true
	return s.brands, nil
}

// wanted are the brands of the configuration, or all that are listed, less the exceptions.
func (s *Source) wanted(ctx context.Context) ([]Brand, error) {
	listed, err := s.Listed(ctx)
	if err != nil {
		return nil, err
	}
	wanted := listed
	if len(s.Brands) > 0 {
		wanted = nil
		for _, id := range s.Brands {
			b := Brand{ID: id}
			if i := slices.IndexFunc(listed, func(l Brand) bool { return l.ID == id }); i >= 0 {
				b = listed[i]
			}
			wanted = append(wanted, b)
		}
	}
	return slices.DeleteFunc(slices.Clone(wanted), func(b Brand) bool { return slices.Contains(s.Except, b.ID) }), nil
}

// brand is the brand of a part. One that the key does not list is refused without a request.
func (s *Source) brand(ctx context.Context, part string) (Brand, error) {
	brands, err := s.wanted(ctx)
	if err != nil {
		return Brand{}, err
	}
	i := slices.IndexFunc(brands, func(b Brand) bool { return partOf(b.ID) == part })
	if i < 0 {
		return Brand{}, fmt.Errorf("no brand %s", part)
	}
	if !brands[i].listed {
		return Brand{}, &export.Error{Kind: export.NotInPlan, Part: true, Err: fmt.Errorf("brand %d is not among the brands that the key lists; "+
			"check that the key's scope includes the brand and that the brand is not archived", brands[i].ID)}
	}
	return brands[i], nil
}

// gatherer is a Sink that keeps brands and no lines, in the order in which they come.
type gatherer struct {
	brands []Brand
}

func (g *gatherer) Append(record []byte) (export.Line, error) {
	b, err := parseBrand(record)
	if err != nil {
		return nil, err
	}
	g.brands = append(g.brands, b)
	return record, nil
}

func (g *gatherer) Line(record []byte) (export.Line, error) { return record, nil }

func (g *gatherer) Sort() (repeats bool, err error) { return false, errors.ErrUnsupported }

// It follows nothing, so that there is nothing to take.
func (g *gatherer) Follow([]byte, []byte) export.Found { return export.Found{} }
func (g *gatherer) Take() (export.Line, error)         { return nil, errors.ErrUnsupported }
func (g *gatherer) Leave()                             {}

func (g *gatherer) Mark() (export.Mark, error) { return export.Mark{}, nil }
func (g *gatherer) Rollback(export.Mark) error { return g.Reset() }
func (g *gatherer) Drop(rows []int64) error {
	for _, row := range slices.Backward(rows) {
		g.brands = slices.Delete(g.brands, int(row), int(row)+1)
	}
	return nil
}

func (g *gatherer) Reset() error {
	g.brands = nil
	return nil
}

func parseBrand(record []byte) (Brand, error) {
	found, err := wire.Members(record)
	if err != nil {
		return Brand{}, wire.Malformed("a brand is %w, expected an object", err)
	}
	b := Brand{listed: true}
	for _, m := range found {
		switch m.Name {
		case "id":
			if b.ID, err = strconv.ParseInt(string(m.Value), 10, 64); err != nil {
				return Brand{}, wire.Malformed("a brand's id is %s, expected a whole number", wire.Shape(m.Value))
			}
		case "name":
			if m.Value.Kind() != '"' {
				return Brand{}, wire.Malformed("a brand's name is %s, expected a string", wire.Shape(m.Value))
			}
			b.Name = m.Value.Clone()
		}
	}
	if b.ID == 0 || b.Name == nil {
		return Brand{}, wire.Malformed("a brand has no id or no name")
	}
	return b, nil
}
