package snapshot_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"yardstick/pkg/snapshot"
)

func purchases(t testing.TB, text string) snapshot.Name {
	t.Helper()
	return snapshot.Name{Source: "scrapright", Dataset: "purchases", Account: "main", Day: day(t, text), Part: "purchases"}
}

func TestKeysAreThoseOfTheContract(t *testing.T) {
	d := day(t, "2026-11-22")
	daily := purchases(t, "2026-11-22")
	listing := snapshot.Name{Source: "scrapright", Dataset: "customers", Account: "main", Day: d, Part: "customers"}
	brands := snapshot.Name{Source: "scrunch", Dataset: "brands", Account: "main", Day: d, Part: "brands"}
	brand := snapshot.Name{Source: "scrunch", Dataset: "brand_daily", Account: "main", Day: d, Part: "brand-101"}
	for _, prefix := range []string{"", "acme/reports/"} {
		l := snapshot.Layout{Prefix: prefix}
		for _, c := range []struct{ got, want string }{
			{l.Data(daily), "scrapright/purchases/account=main/dt=2026-11-22/purchases.json.gz"},
			{l.Data(listing), "scrapright/customers/account=main/dt=2026-11-22/customers.json.gz"},
			{l.Data(brands), "scrunch/brands/account=main/dt=2026-11-22/brands.json.gz"},
			{l.Data(brand), "scrunch/brand_daily/account=main/dt=2026-11-22/brand-101.json.gz"},
			{l.Partitions("scrunch", "brand_daily", "main"), "scrunch/brand_daily/account=main/"},
			{l.Latest(listing), "latest/scrapright/customers/account=main/customers.json.gz"},
			{l.Ledger("scrapright", "purchases", "main", "2026-11"),
				"_yardstick/ledger/scrapright/purchases/account=main/2026-11.json"},
			{l.Ledgers("scrapright", "purchases", "main"), "_yardstick/ledger/scrapright/purchases/account=main/"},
			{l.SourceLedgers("scrapright"), "_yardstick/ledger/scrapright/"},
			{l.Runs(), "_yardstick/runs/"},
			{l.RunsOf(d + 1), "_yardstick/runs/dt=2026-11-23/"},
			{l.Status(), "about/status.json"},
			{l.Page(), "about/index.html"},
			{l.Coverage("scrapright", "main"), "about/coverage/account=main/scrapright.json.gz"},
			{l.Snippet("athena", "scrunch_prompts.sql"), "about/tables/athena/scrunch_prompts.sql"},
			{l.Schema("scrunch", "prompts"), "about/schema/scrunch/prompts.json"},
			{l.Run(d+1, "20261123T050000Z-4f2a"), "_yardstick/runs/dt=2026-11-23/20261123T050000Z-4f2a.json"},
			{l.Lease("scrapright", "main"), "_yardstick/leases/scrapright/main.json"},
			{l.Webhook("msg_1"), "_yardstick/webhooks/116b88f173007be5e05df2a87105f0950bef284d0ceca39951e9bae80706ac45.json"},
			{l.Spools("scrunch", "main"), "_yardstick/spool/scrunch/account=main/"},
			{l.Spool(brand), "_yardstick/spool/scrunch/account=main/brand_daily/dt=2026-11-22/brand-101.spool"},
		} {
			if c.got != prefix+c.want {
				t.Errorf("got %s, expected %s%s", c.got, prefix, c.want)
			}
		}
	}
}

func TestNamesReadAsPeopleSayThem(t *testing.T) {
	name := purchases(t, "2026-11-22")
	if got := name.String(); got != "scrapright/main purchases 2026-11-22" {
		t.Error(got)
	}
	name = snapshot.Name{Source: "scrunch", Dataset: "brand_daily", Account: "eu", Day: name.Day, Part: "brand-101"}
	if got := name.String(); got != "scrunch/eu brand_daily 2026-11-22 brand-101" {
		t.Error(got)
	}
}

func TestForeignKeysAreNoData(t *testing.T) {
	const good = "scrapright/purchases/account=main/dt=2026-11-22/purchases.json.gz"
	l := snapshot.Layout{Prefix: "acme/"}
	if n, ok := l.ParseData("acme/" + good); !ok || n != purchases(t, "2026-11-22") {
		t.Fatalf("%+v, %v", n, ok)
	}
	for _, key := range []string{
		"", "acme/", good, "acme" + good, "Acme/" + good, "acme//" + good, "acme/x/" + good, "acme/" + good + "/",
		"acme/" + good + ".bak",
		"acme/latest/scrapright/customers/account=main/customers.json.gz",
		"acme/_yardstick/ledger/scrapright/purchases/account=main/2026-11.json",
		"acme/about/coverage/account=main/scrapright.json.gz",
		"acme/scrapright/purchases/account=main/dt=2026-11-22/",
		"acme/scrapright/purchases/account=main/dt=2026-11-22/purchases.json",
		"acme/scrapright/purchases/account=main/dt=2026-11-22/purchases.JSON.gz",
		"acme/scrapright/purchases/account=main/dt=2026-11-22/.json.gz",
		"acme/scrapright/purchases/account=main/dt=2026-11-22/old/purchases.json.gz",
		"acme/scrapright/purchases/account=main/dt=2026-11-31/purchases.json.gz",
		"acme/scrapright/purchases/account=main/dt=2026-1-2/purchases.json.gz",
		"acme/scrapright/purchases/account=main/dt=/purchases.json.gz",
		"acme/scrapright/purchases/account=main/2026-11-22/purchases.json.gz",
		"acme/scrapright/purchases/account=/dt=2026-11-22/purchases.json.gz",
		"acme/scrapright/purchases/main/dt=2026-11-22/purchases.json.gz",
		"acme/scrapright//account=main/dt=2026-11-22/purchases.json.gz",
		"acme//purchases/account=main/dt=2026-11-22/purchases.json.gz",
	} {
		if n, ok := l.ParseData(key); ok || n != (snapshot.Name{}) {
			t.Errorf("%s reads as %+v", key, n)
		}
	}
}

func TestDataKeysReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prefixes := []string{"", "acme/", "a/b=c/", "dt=2026-01-01/", "scrapright/"}
		l := snapshot.Layout{Prefix: rapid.SampledFrom(prefixes).Draw(t, "prefix")}
		n := snapshot.Name{
			Source:  rapid.StringMatching(`[a-z]{1,12}`).Draw(t, "source"),
			Dataset: rapid.StringMatching(`[a-z_]{1,20}`).Draw(t, "dataset"),
			Account: rapid.StringMatching(`[a-z0-9-]{1,32}`).Draw(t, "account"),
			Day:     snapshot.Day(rapid.Int32Range(int32(firstDay), int32(lastDay)).Draw(t, "day")),
			Part:    rapid.StringMatching(`[a-z]{1,9}(-[A-Za-z0-9._=-]{1,9})?`).Draw(t, "part"),
		}
		key := l.Data(n)
		if back, ok := l.ParseData(key); !ok || back != n {
			t.Fatalf("%s reads as %+v, %v; expected %+v", key, back, ok, n)
		}
		if !strings.HasPrefix(key, l.Partitions(n.Source, n.Dataset, n.Account)) {
			t.Fatalf("%s is not among its partitions", key)
		}
	})
}

func FuzzParseData(f *testing.F) {
	f.Add("", "scrapright/purchases/account=main/dt=2026-11-22/purchases.json.gz")
	f.Add("acme/", "acme/scrunch/brand_daily/account=main/dt=2026-11-22/brand-101.json.gz")
	f.Fuzz(func(t *testing.T, prefix, key string) {
		l := snapshot.Layout{Prefix: prefix}
		if n, ok := l.ParseData(key); ok && l.Data(n) != key {
			t.Errorf("%q under %q reads as %+v, whose key is %q", key, prefix, n, l.Data(n))
		}
	})
}

func TestSpoolKeysReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-z0-9_.=-]{1,12}`)
		n := snapshot.Name{Source: text.Draw(t, "source"), Dataset: text.Draw(t, "dataset"), Account: text.Draw(t, "account"),
			Day: snapshot.Day(rapid.IntRange(1, 40_000).Draw(t, "day")), Part: text.Draw(t, "part")}
		l := snapshot.Layout{Prefix: rapid.SampledFrom([]string{"", "acme/", "a/b/"}).Draw(t, "prefix")}
		key := l.Spool(n)
		if got, ok := l.ParseSpool(key); !ok || got != n || !strings.HasPrefix(key, l.Spools(n.Source, n.Account)) {
			t.Fatalf("%s: %+v, %v; expected %+v", key, got, ok, n)
		}
		for _, foreign := range []string{key + "x", "x" + key, strings.Replace(key, "account=", "account", 1), strings.Replace(key, "dt=", "dt", 1),
			strings.TrimSuffix(key, "l"), key + "/" + n.Part + ".spool", l.Data(n)} {
			if got, ok := l.ParseSpool(foreign); ok && l.Spool(got) != foreign {
				t.Fatalf("%s is %+v", foreign, got)
			}
		}
	})
}

func TestLedgerKeysReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-z0-9_.=-]{1,12}`)
		day := snapshot.Day(rapid.Int32Range(int32(firstDay), int32(lastDay)).Draw(t, "day"))
		n := snapshot.LedgerName{Source: text.Draw(t, "source"), Dataset: text.Draw(t, "dataset"), Account: text.Draw(t, "account"), Month: day.Month()}
		l := snapshot.Layout{Prefix: rapid.SampledFrom([]string{"", "acme/", "a/b/"}).Draw(t, "prefix")}
		key := l.Ledger(n.Source, n.Dataset, n.Account, n.Month)
		if got, ok := l.ParseLedger(key); !ok || got != n || !strings.HasPrefix(key, l.SourceLedgers(n.Source)) {
			t.Fatalf("%s: %+v, %v; expected %+v", key, got, ok, n)
		}
		for _, foreign := range []string{key + "x", "x" + key, strings.Replace(key, "account=", "account", 1), strings.Replace(key, n.Month, "2026-13", 1),
			strings.TrimSuffix(key, "n"), key + "/2026-01.json", strings.Replace(key, n.Account+"/", "/", 1)} {
			if got, ok := l.ParseLedger(foreign); ok && l.Ledger(got.Source, got.Dataset, got.Account, got.Month) != foreign {
				t.Fatalf("%s is %+v", foreign, got)
			}
		}
	})
}
