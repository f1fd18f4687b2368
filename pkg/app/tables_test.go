package app_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"yardstick/pkg/app"
	"yardstick/pkg/export"
	"yardstick/pkg/simulator"
	"yardstick/pkg/table"
)

// tables are what is inferred by the world's bucket, by the tables' names.
func (w *world) tables(i app.Inferring) (map[string]app.Inferred, map[string]table.Snippets) {
	w.Helper()
	datasets, all := map[string]app.Inferred{}, map[string]table.Snippets{}
	err := w.open().Tables(w.Context(), i, func(x app.Inferred) error {
		datasets[x.Dataset] = x
		for _, s := range x.Tables {
			all[s.Table.Name()] = s
		}
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
	return datasets, all
}

func TestTablesAreOfAllThatIsExported(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-10-01", func(w *world) {
		datasets, all := w.tables(app.Inferring{})
		if datasets["purchases"].Objects != 0 || !all["scrapright_purchases"].Table.Lines() {
			t.Errorf("before the first run: %+v, expected whole lines", datasets["purchases"])
		}
		w.run(app.Event{From: day("2026-11-10"), To: day("2026-11-18")}, export.Complete)
		seen := 0
		datasets, all = w.tables(app.Inferring{Observe: func(p app.ReadProgress) {
			if seen++; p.Done >= p.Objects {
				t.Errorf("progress %+v", p)
			}
		}})
		p := datasets["purchases"]
		if p.Objects != 9 || p.First != day("2026-11-10") || p.Last != day("2026-11-18") || p.Schema.Records() == 0 || seen != 9+1+1 {
			t.Errorf("purchases: %d objects from %s to %s, %d records, %d in all", p.Objects, p.First, p.Last, p.Schema.Records(), seen)
		}
		text := all["scrapright_purchases"].Athena()
		for _, part := range []string{"`id` bigint", "'mapping.id' = 'Id'", "'projection.dt.range' = '2026-10-01,NOW+1DAYS'", "'projection.account.values' = 'main'"} {
			if !strings.Contains(text, part) {
				t.Errorf("no %s in\n%s", part, text)
			}
		}
		if len(all) != 5 || all["scrapright_customers_latest"].Manifest() == "" {
			t.Errorf("%d tables, expected those of three datasets and of two newest copies", len(all))
		}
		datasets, _ = w.tables(app.Inferring{Datasets: []string{"purchases"}, From: day("2026-11-17")})
		if len(datasets) != 1 || datasets["purchases"].Objects != 2 {
			t.Errorf("from the 17th: %+v, expected two objects of purchases alone", datasets)
		}
	})
}

func TestTablesOfWhatThereIsNotAreRefused(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "", func(w *world) {
		for told, i := range map[string]app.Inferring{
			`--dataset: found "sales", expected one of ["businesses" "customers" "purchases"]`: {Datasets: []string{"purchases", "sales"}},
			`--account: found "north", expected one of ["main"]`:                               {Account: "north"},
		} {
			err := w.open().Tables(w.Context(), i, func(app.Inferred) error { return errors.New("it was called") })
			if _, ok := errors.AsType[*app.ReadInvalid](err); !ok || err.Error() != told {
				t.Errorf("%v, expected %s", err, told)
			}
		}
	})
}

func TestTablesEndAtADamagedObjectAndAtAFaultOfTheWriter(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "", func(w *world) {
		w.run(app.Event{From: day("2026-11-16"), To: day("2026-11-17")}, export.Complete)
		full := errors.New("the disk is full")
		if err := w.open().Tables(w.Context(), app.Inferring{}, func(app.Inferred) error { return full }); !errors.Is(err, full) {
			t.Errorf("%v, expected the writer's fault", err)
		}
		key := "scrapright/purchases/account=main/dt=2026-11-16/purchases.json.gz"
		if err := os.WriteFile(w.path(key), []byte("no gzip"), 0o600); err != nil {
			t.Fatal(err)
		}
		err := w.open().Tables(w.Context(), app.Inferring{}, func(app.Inferred) error { return nil })
		if err == nil || !strings.Contains(fmt.Sprint(err), key) {
			t.Errorf("%v, expected the damaged object's key", err)
		}
	})
}
