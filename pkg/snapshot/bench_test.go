package snapshot_test

import (
	"strings"
	"testing"

	"yardstick/pkg/snapshot"
)

// purchase is a record as ScrapRight's are: members in mixed case, amounts with their zeros, a list of objects.
const purchase = `{"PurchaseId":20261122001734,"PurchaseDate":"2026-11-22T14:03:11.000","TicketNumber":"T-001734",` +
	`"CustomerId":90071,"CustomerName":"Smith \u0026 Sons","BusinessId":null,"Yard":"North","Status":"Closed",` +
	`"IsVoid":false,"GrossWeight":18240.0,"TareWeight":15020.50,"NetWeight":3219.50,"Unit":"LB","Total":1287.8000,` +
	`"Tax":0.00,"PaymentMethod":"Check","CheckNumber":"004417","Notes":"",` +
	`"Items":[{"ItemId":1,"Commodity":"#1 Copper","Net":219.50,"Price":3.1000,"Amount":680.4500},` +
	`{"ItemId":2,"Commodity":"Aluminum Cans","Net":3000.00,"Price":0.2024,"Amount":607.3500}],` +
	`"CreatedBy":"clerk7","CreatedOn":"2026-11-22T13:58:40.137","ModifiedOn":"2026-11-22T14:03:12.001"}`

func benchmarkLine(b *testing.B, record string, omit ...string) {
	encoder, err := snapshot.NewEncoder(omit)
	if err != nil {
		b.Fatal(err)
	}
	text, line := []byte(record), []byte(nil)
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if line, err = encoder.Line(line[:0], text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLine(b *testing.B) {
	b.Run("compact", func(b *testing.B) { benchmarkLine(b, purchase) })
	b.Run("spaced", func(b *testing.B) { benchmarkLine(b, strings.ReplaceAll(purchase, `,"`, ",\n    \"")) })
	b.Run("omit", func(b *testing.B) { benchmarkLine(b, purchase, "/CheckNumber", "/Items/0/Price") })
}

func BenchmarkSpoolAppend(b *testing.B) {
	spool, err := snapshot.NewSpool(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = spool.Close() }()
	record := []byte(purchase)
	b.ReportAllocs()
	b.SetBytes(int64(len(record)))
	for b.Loop() {
		if _, err := spool.Append(record); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := spool.Finish(); err != nil {
		b.Fatal(err)
	}
}

// A day may have a hundred thousand records: what one of them allocates, all of them do.
func TestOrdinaryRecordsAllocateNothing(t *testing.T) {
	wide := "{"
	for i := range 60 {
		wide += `"M` + strings.Repeat("x", i) + `":0,`
	}
	wide += `"last":[{"a":{"b":[]}}]}`
	for name, c := range map[string]struct {
		record string
		omit   []string
	}{
		"compact": {purchase, nil},
		"spaced":  {strings.ReplaceAll(purchase, `,"`, ",\n    \""), nil},
		"omit":    {purchase, []string{"/CheckNumber", "/Items/0/Price", "/Items/1", "/Missing/x"}},
		"wide":    {wide, nil},
		"long":    {`{"a":"` + strings.Repeat("text, ", 5000) + `"}`, nil},
		"exact":   {`"` + strings.Repeat("x", 62) + `"`, nil}, // a line that fills its buffer, but for its end
		"array":   {"[" + strings.Repeat("0,", 500) + "0]", []string{"/250"}},
	} {
		spool, err := snapshot.NewSpool(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = spool.Close() })
		if err := spool.Begin(encoder(t, c.omit...)); err != nil {
			t.Fatal(err)
		}
		record := []byte(c.record)
		for what, add := range map[string]func([]byte) (snapshot.Line, error){"append": spool.Append, "line": spool.Line} {
			allocations := testing.AllocsPerRun(50, func() {
				if _, err := add(record); err != nil {
					t.Error(err)
				}
			})
			if allocations != 0 {
				t.Errorf("%s, %s: %v allocations for each record", name, what, allocations)
			}
		}
	}
}
