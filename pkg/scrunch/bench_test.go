package scrunch

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	inferred "yardstick/pkg/schema"
	"yardstick/pkg/snapshot"
	"yardstick/pkg/snapshot/snapshottest"

	"github.com/go-json-experiment/json/jsontext"
)

// promptRow is a row of prompt_daily.
func promptRow(i int) string {
	return fmt.Sprintf(`{"date":"20261117","prompt_id":%d,"prompt":"What is the best running shoe for wide feet, case %d?",`+
		`"ai_platform":"ChatGPT","stage":"Evaluation","branded":false,"persona_id":101502,"persona_name":"Marathon newcomer","country":"US",`+
		`"responses":2,"brand_presence_percentage":0.5,"brand_position_score":100.0,"brand_sentiment_score":75.0,`+
		`"brand_citation_rate":0.5,"brand_citation_share_of_voice":0.3333333333333333,"citation_count":7,`+
		`"citation_unique_responses":2,"citation_unique_domains":6}`, 10_000_000+i*7919%50_021, i)
}

func promptRows(n int) []byte {
	var body bytes.Buffer
	body.WriteByte('[')
	for i := range n {
		if i > 0 {
			body.WriteByte(',')
		}
		body.WriteString(promptRow(i))
	}
	return append(body.Bytes(), ']')
}

// BenchmarkRows is the way of a row from the answer's bytes to the finished object, whose lines are sorted.
func BenchmarkRows(b *testing.B) {
	const n = 50_000
	body := promptRows(n)
	spool := snapshottest.NewSpool(b)
	spool.Sorted, spool.Observer = true, new(observer)
	defer func() { _ = spool.Close() }()
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		readRows(b, spool, body, n)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/row")
}

// observer infers the schema of the lines, as an export has one.
type observer struct {
	inferred.Schema
	kept int // lines that were followed
}

func (o *observer) Observe(line []byte) {
	if err := o.Schema.Observe(line); err != nil {
		panic(err)
	}
}

func (o *observer) Keep() {
	o.kept++
	o.Schema.Keep()
}

func readRows(t testing.TB, spool *snapshot.Spool, body []byte, n int64) {
	t.Helper()
	if err := spool.Begin(&snapshot.Encoder{}); err != nil {
		t.Fatal(err)
	}
	sink := &tagger{Sink: spool, brand: Brand{ID: 101, Name: jsontext.Value(`"Larkspur Running"`)}}
	into := newRows(sink, strings.Split("date,prompt_id,prompt,ai_platform,stage,branded", ","), dayOf(closed))
	if count, err := eachRow(bytes.NewReader(body), into); err != nil || int64(count) != n {
		t.Fatal(count, err)
	}
	if content, err := spool.Finish(); err != nil || content.Rows != n {
		t.Fatal(content, err)
	}
}

// A report may have 90,000 rows: what one of them allocates, all of them do. Kept are up to 2,000 values to slice it by.
func TestRowsOfAReportAllocateNextToNothing(t *testing.T) {
	const n = 50_000
	body := promptRows(n)
	spool := snapshottest.NewSpool(t)
	spool.Observer = new(observer)
	defer func() { _ = spool.Close() }()
	for _, spool.Sorted = range []bool{false, true} {
		allocations := testing.AllocsPerRun(2, func() { readRows(t, spool, body, n) })
		if perRow := allocations / n; perRow > 0.15 {
			t.Errorf("sorted %v: %.3f allocations for each row, expected at most 0.15", spool.Sorted, perRow)
		}
	}
}
