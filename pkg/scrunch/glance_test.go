package scrunch

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"yardstick/pkg/snapshot"
	"yardstick/pkg/snapshot/snapshottest"
	"yardstick/pkg/wire"

	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"
)

// reportRows draws the rows of an answer: most are alike, some have other members, or those that are put first.
func reportRows(t *rapid.T) string {
	row := rapid.Custom(func(t *rapid.T) string {
		stage := rapid.SampledFrom([]string{`"Advice"`, `"Evaluation"`, `null`, `"\ud83d"`, "\"\xff\"", `"é"`}).Draw(t, "stage")
		form := rapid.SampledFrom([]string{`{"date":%s,"stage":%s,"n":1}`, `{"date":%s,"stage":%s,"n":1}`, `{"date":%s,"stage":%s,"n":1}`,
			`{"stage":%[2]s,"date":%[1]s,"n":0.50}`, `{"brand_id":7,"date":%s,"stage":%s}`, `{"brand_name":"x","brand_id":7,"date":%s,"stage":%s}`,
			`{"date":%s,"stage":%s,"brand_id":null}`, ` { "date" : %s , "stage":%s }`, `{"date":%s,"Stage":%s,"n":1}`, `{"date":%s,"n":%s,"n":2}`}).Draw(t, "form")
		return fmt.Sprintf(form, rapid.SampledFrom([]string{`"20261117"`, `"20261117"`, `20261117`}).Draw(t, "date"), stage)
	})
	body := "[" + strings.Join(rapid.SliceOfN(row, 0, 12).Draw(t, "rows"), ",") + "]"
	if rapid.IntRange(0, 3).Draw(t, "spoilt") > 0 {
		return body
	}
	at := rapid.IntRange(0, len(body)).Draw(t, "at")
	return body[:at] + rapid.SampledFrom([]string{"", " ", ",", "]", "1", `{}`, `{"date":"20261118"},`}).Draw(t, "with") + body[at:]
}

// taken is what comes of an answer.
type taken struct {
	lines []string
	told  string
}

func take(t *rapid.T, spool *snapshot.Spool, brand Brand, body string) taken {
	if err := spool.Begin(&snapshot.Encoder{}); err != nil {
		t.Fatal(err)
	}
	into := newRows(&tagger{Sink: spool, brand: brand}, []string{"date", "stage"}, dayOf(closed))
	first := min(1, len(body)) // a server may send the bracket by itself
	count, err := eachRow(io.MultiReader(strings.NewReader(body[:first]), strings.NewReader(body[first:])), into)
	stages, _ := into.values.texts("stage")
	slices.Sort(stages)
	return taken{snapshottest.Lines(t, spool), fmt.Sprint(count, into.count, err, stages)}
}

// list appends the rows of an answer one by one, as a list does.
func list(t *rapid.T, spool *snapshot.Spool, brand Brand, body string) (told taken) {
	if err := spool.Begin(&snapshot.Encoder{}); err != nil {
		t.Fatal(err)
	}
	sink := &tagger{Sink: spool, brand: brand}
	records, _ := wire.Elements(jsontext.Value(body))
	for _, record := range records {
		line, err := sink.Append(record)
		told.told += fmt.Sprintf("%s %v\n", line, err)
	}
	told.lines = snapshottest.Lines(t, spool)
	return told
}

// A row that is known at a glance is tagged, checked and noted as it is when it is cut.
func TestAGlanceChangesNothing(t *testing.T) {
	plain, watched := snapshottest.NewSpool(t), snapshottest.NewSpool(t)
	defer func() { _, _ = plain.Close(), watched.Close() }()
	glances := 0
	rapid.Check(t, func(t *rapid.T) {
		observer := new(observer)
		watched.Observer = observer
		brand := Brand{ID: 101, Name: jsontext.Value(rapid.SampledFrom([]string{`"Larkspur"`, `"é\u00e9"`, "\"\xff\""}).Draw(t, "name"))}
		for range rapid.IntRange(1, 3).Draw(t, "answers") {
			body := reportRows(t)
			for _, way := range []func(*rapid.T, *snapshot.Spool, Brand, string) taken{take, list} {
				want, got := way(t, plain, brand, body), way(t, watched, brand, body)
				if !slices.Equal(got.lines, want.lines) || got.told != want.told {
					t.Fatalf("%s\ngave %+v\nexpected %+v", body, got, want)
				}
			}
		}
		glances += observer.kept
	})
	if glances == 0 {
		t.Error("no row was known at a glance")
	}
}
