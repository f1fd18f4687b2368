package snapshot_test

import (
	"bytes"
	stdgzip "compress/gzip"
	"fmt"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"yardstick/pkg/snapshot"
)

// compressed is an object of a text, as another program may have made it: in two members.
func compressed(t rapid.TB, text string) io.Reader {
	t.Helper()
	var b bytes.Buffer
	for _, part := range []string{text[:len(text)/2], text[len(text)/2:]} {
		w, err := stdgzip.NewWriterLevel(&b, stdgzip.HuffmanOnly)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, part); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return &b
}

func vanished(t rapid.TB, dataset, before, after string) int64 {
	t.Helper()
	n, err := snapshot.Vanished(dataset, compressed(t, before), compressed(t, after))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestVanishedCountsTheRowsThatWent(t *testing.T) {
	for _, c := range []struct {
		name, dataset, before, after string // rows, one a word
		want                         int64
	}{
		{"nothing", "purchases", ``, ``, 0},
		{"only new ones", "purchases", ``, `{"Id":1} {"Id":2}`, 0},
		{"all", "purchases", `{"Id":1} {"Id":2}`, ``, 2},
		{"all, without ids", "purchases", `{"a":1} {"a":2}`, ``, 2},
		{"one, in another order", "purchases", `{"Id":1} {"Id":2} {"Id":3}`, `{"Id":3} {"Id":1}`, 1},
		{"one went and one came", "purchases", `{"Id":1} {"Id":2}`, `{"Id":1} {"Id":3}`, 1},
		{"one went and two were changed", "purchases",
			`{"Id":1,"a":1} {"Id":2,"a":1} {"Id":3,"a":1}`, `{"Id":2,"a":2} {"Id":3,"a":2}`, 1},
		{"changed, without ids", "purchases", `{"a":1} {"a":2}`, `{"a":1} {"a":3}`, 0},
		{"fewer, without ids", "purchases", `{"a":1} {"a":2} {"a":3}`, `{"a":4} {"a":5}`, 1},
		{"equal rows", "purchases", `{"a":1} {"a":1} {"a":1}`, `{"a":1}`, 2},

		{"singular with Id", "purchases",
			`{"a":1,"PurchaseId":1} {"a":1,"PurchaseId":2}`, `{"a":1,"PurchaseId":1} {"a":1,"PurchaseId":3}`, 1},
		{"singular with _id", "customers", `{"customer_id":1}`, `{"customer_id":2}`, 1},
		{"in capitals", "customers", `{"CUSTOMER_ID":1}`, `{"CUSTOMER_ID":2}`, 1},
		{"businesses", "businesses", `{"BusinessId":1}`, `{"BusinessId":2}`, 1},
		{"responses", "responses", `{"response_id":"x"}`, `{"response_id":"y"}`, 1},
		{"dataset of two words", "brand_daily", `{"brand_daily_id":1}`, `{"brand_daily_id":2}`, 1},
		{"id of something else", "purchases", `{"CustomerId":1}`, `{"CustomerId":2}`, 0},
		{"id with a line in it", "purchases", `{"i_d":1}`, `{"i_d":2}`, 0},
		{"nested id", "purchases", `{"a":{"Id":1}}`, `{"a":{"Id":2}}`, 0},
		{"escaped name", "purchases", `{"\u0049d":1}`, `{"\u0049d":2}`, 1},

		{"ids as text", "purchases", `{"Id":"a"} {"Id":"b"}`, `{"Id":"c"} {"Id":"b"}`, 1},
		{"large ids", "purchases", `{"Id":9007199254740993}`, `{"Id":9007199254740992}`, 1},
		{"id of null in one row", "purchases", `{"Id":1} {"Id":null}`, `{"Id":3} {"Id":null}`, 0},
		{"id that is an object", "purchases", `{"Id":{"a":1}}`, `{"Id":{"a":2}}`, 0},
		{"first candidate is null", "purchases", `{"Id":null,"PurchaseId":1}`, `{"Id":null,"PurchaseId":2}`, 1},
		{"a row without", "purchases", `{"Id":1} {"a":1}`, `{"Id":2} {"a":1}`, 0},
		{"repeated ids before", "purchases", `{"Id":1,"a":1} {"Id":1,"a":2}`, `{"Id":2,"a":1}`, 1},
		{"repeated ids after", "purchases", `{"Id":1}`, `{"Id":2,"a":1} {"Id":2,"a":2}`, 0},
		{"another order of members", "purchases", `{"Id":1,"PurchaseId":7} {"Id":2,"PurchaseId":8}`,
			`{"PurchaseId":7,"Id":1} {"PurchaseId":8,"Id":2}`, 0},
		{"another spelling of the name", "purchases", `{"Id":1} {"Id":2}`, `{"id":1} {"id":3}`, 1},
		{"repeated member", "purchases", `{"Id":1,"Id":2}`, `{"Id":1,"Id":3}`, 0},
		{"no objects", "purchases", `1 "a" [{"Id":1}]`, `2 "a" [{"Id":2}]`, 0},
		{"no JSON", "purchases", `{"Id" {"Id":2}`, `{"Id":3}`, 1},
		{"lone surrogates", "purchases", `{"\ud800":"\udfff","Id":1}`, `{"\ud800":"\udfff","Id":2}`, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			lines := func(words string) (text string) {
				for word := range strings.FieldsSeq(words) {
					text += word + "\n"
				}
				return text
			}
			if got := vanished(t, c.dataset, lines(c.before), lines(c.after)); got != c.want {
				t.Errorf("of %s, with %s after: %d vanished, expected %d", c.before, c.after, got, c.want)
			}
		})
	}
}

func TestVanishedTakesALastLineWithoutItsEnd(t *testing.T) {
	if got := vanished(t, "purchases", "{\"a\":1}\n{\"a\":2}\n", "{\"a\":1}\n{\"a\":2}"); got != 0 {
		t.Errorf("%d vanished", got)
	}
}

func TestVanishedReadsLinesOfAnyLength(t *testing.T) {
	for _, length := range []int{60_000, 64<<10 - 1, 64 << 10, 64<<10 + 1, 300_000} {
		long := `{"a":"` + strings.Repeat("x", length-len(`{"a":"","Id":1}`+"\n")) + `","Id":1}` + "\n"
		if got := vanished(t, "purchases", long+`{"Id":2}`, `{"Id":2}`+"\n"); got != 1 {
			t.Errorf("a line of %d bytes: %d vanished, expected 1", len(long), got)
		}
	}
}

func TestVanishedRefusesWhatIsNoWholeObject(t *testing.T) {
	whole := func() io.Reader { return compressed(t, "{\"Id\":1}\n") }
	for name, c := range map[string]struct {
		object func() io.Reader
		want   string
	}{
		"empty":    {func() io.Reader { return strings.NewReader("") }, "expected gzip"},
		"no gzip":  {func() io.Reader { return strings.NewReader("{\"Id\":1}\n{\"Id\":2}\n") }, "gzip"},
		"cut":      {func() io.Reader { return io.LimitReader(whole(), 30) }, "EOF"},
		"cut head": {func() io.Reader { return io.LimitReader(whole(), 5) }, "EOF"},
	} {
		if n, err := snapshot.Vanished("purchases", c.object(), whole()); err == nil || n != 0 ||
			!strings.HasPrefix(err.Error(), "the earlier object: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s before: %d, %v", name, n, err)
		}
		if n, err := snapshot.Vanished("purchases", whole(), c.object()); err == nil || n != 0 ||
			!strings.HasPrefix(err.Error(), "the later object: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s after: %d, %v", name, n, err)
		}
	}
}

// row is a row of few ids and fewer contents, so that rows repeat and change.
type row struct {
	id    int // 0: none
	value int
}

func (r row) String() string {
	if r.id == 0 {
		return fmt.Sprintf(`{"value":%d}`, r.value)
	}
	return fmt.Sprintf(`{"value":%d,"PurchaseId":%d}`, r.value, r.id)
}

// modelVanished counts as Vanished does, with maps and whole rows.
func modelVanished(before, after []row) (gone int64) {
	byID := true
	for _, rows := range [][]row{before, after} {
		seen := map[int]bool{}
		for _, r := range rows {
			byID = byID && r.id != 0 && !seen[r.id]
			seen[r.id] = true
		}
	}
	left := map[row]int64{}
	for _, r := range before {
		if byID {
			r.value = 0
		}
		left[r]++
	}
	for _, r := range after {
		if byID {
			r.value = 0
		}
		left[r]--
	}
	for _, n := range left {
		if !byID || n > 0 {
			gone += n
		}
	}
	return max(0, gone)
}

func TestVanishedIsWhatASlowModelCounts(t *testing.T) {
	table := rapid.Custom(func(t *rapid.T) []row {
		each := rapid.Custom(func(t *rapid.T) row {
			return row{rapid.IntRange(0, 20).Draw(t, "id"), rapid.IntRange(0, 2).Draw(t, "value")}
		})
		if rapid.Bool().Draw(t, "ids") {
			each = each.Filter(func(r row) bool { return r.id > 0 })
			return rapid.SliceOfDistinct(each, func(r row) int { return r.id }).Draw(t, "rows")
		}
		return rapid.SliceOf(each).Draw(t, "rows")
	})
	rapid.Check(t, func(t *rapid.T) {
		before, after := table.Draw(t, "before"), table.Draw(t, "after")
		if rapid.Bool().Draw(t, "some stay") {
			after = append(after, before[:len(before)/2]...)
		}
		text := func(rows []row) string {
			var b strings.Builder
			for _, r := range rows {
				fmt.Fprintln(&b, r)
			}
			return b.String()
		}
		if got, want := vanished(t, "purchases", text(before), text(after)), modelVanished(before, after); got != want {
			t.Fatalf("%d vanished, expected %d\nbefore\n%safter\n%s", got, want, text(before), text(after))
		}
	})
}

func FuzzVanished(f *testing.F) {
	f.Add("purchases", []byte("{\"Id\":1}\n{\"Id\":2}\n"), []byte("{\"Id\":2}\n"))
	f.Add("businesses", []byte("{\"BusinessId\":\"\\ud800\"}\n\n"), []byte("{\"a\":"))
	f.Fuzz(func(t *testing.T, dataset string, before, after []byte) {
		gone := vanished(t, dataset, string(before), string(after))
		if rows := int64(bytes.Count(before, []byte("\n"))) + 1; gone < 0 || gone > rows {
			t.Errorf("%d vanished of %d", gone, rows)
		}
		if n := vanished(t, dataset, string(before), string(before)); n != 0 {
			t.Errorf("%d of an object are not in itself", n)
		}
	})
}

func BenchmarkVanished(b *testing.B) {
	text := strings.Repeat(purchase+"\n", 1000)
	object, err := io.ReadAll(compressed(b, text))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(2 * len(text)))
	for b.Loop() {
		if n, err := snapshot.Vanished("purchases", bytes.NewReader(object), bytes.NewReader(object)); n != 0 || err != nil {
			b.Fatal(n, err)
		}
	}
}
