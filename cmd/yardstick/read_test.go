package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"yardstick/pkg/app"
	"yardstick/pkg/awscloud"
	"yardstick/pkg/golden"
	"yardstick/pkg/localcloud"
	"yardstick/pkg/snapshot"
)

// shelf is a bucket that holds what the test put there, as an export would have, and no more.
type shelf struct {
	dir   string
	store *awscloud.Store
	books map[string]*snapshot.Book
}

const shelfConfig = `version: 1
bucket: acme
scrapright:
  - {account: main, url: "http://127.0.0.1:9", api_key_secret: main-key, session_secret: main-session, timezone: America/Chicago}
  - {account: annex, url: "http://127.0.0.1:9", api_key_secret: annex-key, session_secret: annex-session}
scrunch:
  - {account: main, api_key_secret: scrunch-key}
`

// newShelf has the bucket filled. The folder is free when it answers.
func newShelf(t *testing.T, fill func(*shelf)) *shelf {
	t.Helper()
	dir := t.TempDir()
	cloud, err := localcloud.Open(dir, localcloud.Options{Now: time.Now, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := cloud.Close(); err != nil {
			t.Error(err)
		}
	}()
	endpoint, err := cloud.Start()
	if err != nil {
		t.Fatal(err)
	}
	if err := cloud.CreateBucket("acme"); err != nil {
		t.Fatal(err)
	}
	client := s3.New(s3.Options{Region: "us-east-1", BaseEndpoint: &endpoint, UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""), RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported})
	s := &shelf{dir: dir, store: awscloud.NewStore(client, "acme"), books: map[string]*snapshot.Book{}}
	fill(s)
	for _, book := range s.books {
		if err := book.Save(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// put publishes a part: source/account/dataset/day/part, and for a listing its copy in latest/.
func (s *shelf) put(t *testing.T, name string, listing bool, lines ...string) {
	t.Helper()
	fields := strings.Split(name, "/")
	day, err := snapshot.ParseDay(fields[3])
	if err != nil {
		t.Fatal(err)
	}
	n := snapshot.Name{Source: fields[0], Account: fields[1], Dataset: fields[2], Day: day, Part: fields[4]}
	spool, err := snapshot.NewSpool(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer spool.Close()
	for _, line := range lines {
		if _, err := spool.Append([]byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	content, err := spool.Finish()
	if err != nil {
		t.Fatal(err)
	}
	body, err := spool.Body()
	if err != nil {
		t.Fatal(err)
	}
	p := snapshot.Publisher{Store: s.store, Run: "run", Time: time.Date(2024, 11, 4, 5, 0, 0, 0, time.UTC)}
	if _, err := p.Publish(t.Context(), n, content, body, snapshot.Info{}); err != nil {
		t.Fatal(err)
	}
	if listing {
		if err := p.Latest(t.Context(), n, content, body); err != nil {
			t.Fatal(err)
		}
	}
	table := strings.Join(fields[:3], "/")
	if s.books[table] == nil {
		s.books[table] = snapshot.NewBook(s.store, snapshot.Layout{}, n.Source, n.Dataset, n.Account)
	}
	if err := s.books[table].Load(t.Context(), day.Month()); err != nil {
		t.Fatal(err)
	}
	s.books[table].Set(day, n.Part, snapshot.Entry{Key: snapshot.Layout{}.Data(n), Rows: content.Rows, SHA256: content.SHA256, Window: [2]snapshot.Day{day, day}})
}

// november is three days of two yards, with a day of nothing, a day that is not exported, and all that CSV has to bear.
func november(t *testing.T) *shelf {
	t.Helper()
	return newShelf(t, func(s *shelf) {
		s.put(t, "scrapright/main/purchases/2024-11-01/purchases", false, `{"Id":12345678901234567890,"Net":120.50,"Paid":true,"Note":"say \"hi\",\nthen go"}`, `{"Id":2,"Net":1E+2,"Note":null,"id":"x"}`)
		s.put(t, "scrapright/main/purchases/2024-11-02/purchases", false)
		s.put(t, "scrapright/main/purchases/2024-11-03/purchases", false, `{"Id":3,"Note":"=SUM(A1)","Lines":[{"Metal":"Copper #1","Net":-4.0}],"Note":"\u00e9\ud83d\ude42"}`)
		s.put(t, "scrapright/annex/purchases/2024-11-01/purchases", false, `{"Id":1,"Note":""}`)
		s.put(t, "scrapright/annex/purchases/2024-11-03/purchases", false, `{"Id":4,"Note":"half \ud83d of a pair"}`)
		s.put(t, "scrapright/main/customers/2024-10-31/customers", true, `{"Id":7,"Name":"Old & Co"}`)
		for _, brand := range []string{"101", "102"} {
			s.put(t, "scrunch/main/brand_daily/2024-11-01/brand-"+brand, false, `{"brand_id":`+brand+`,"brand_presence_percentage":0.1}`)
		}
		s.put(t, "scrunch/main/brand_daily/2024-11-02/brand-101", false, `{"brand_id":101,"brand_presence_percentage":0.25}`)
	})
}

func (s *shelf) read(t *testing.T, args string) call {
	t.Helper()
	return yardstick(t, shelfConfig, append([]string{"read", "--local", s.dir}, strings.Fields(args)...)...)
}

func TestReadIsGolden(t *testing.T) {
	s := november(t)
	for _, test := range []struct {
		name, args string
		code       exitCode
	}{
		{"lines", "purchases --from 2024-11-01 --to 2024-11-03 --account main", complete},
		{"csv", "purchases --from 2024-11-01 --to 2024-11-03 --csv", partial},
		{"safe", "purchases --from 2024-11-03 --to 2024-11-03 --csv --safe", complete},
		{"gaps", "purchases --from 2024-10-30 --to 2024-11-04 --json", partial},
		{"newest", "customers --csv", partial},
		{"listing-days", "customers --from 2024-10-30 --to 2024-11-01 --account main", partial},
		{"brands", "brand_daily --from 2024-11-01 --to 2024-11-02", partial},
		{"brand", "brand_daily --from 2024-11-01 --to 2024-11-02 --brand 101", complete},
		{"off", "tag_daily --from 2024-11-01 --to 2024-11-01", partial},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := s.read(t, test.args).expect(t, test.code)
			told := "yardstick read " + test.args + "\n\n" + c.stdout + "\nstandard error:\n" + c.stderr
			golden.Compare(t, "testdata/read-"+test.name+".txt", strings.ReplaceAll(told, s.dir, "DIR"))
		})
	}
}

func TestReadWithoutDaysIsYesterday(t *testing.T) {
	s := newShelf(t, func(s *shelf) {
		s.put(t, "scrunch/main/brand_daily/"+time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly)+"/brand-101", false, `{"brand_id":101}`)
	})
	if c := s.read(t, "brand_daily").expect(t, complete); c.stdout != `{"brand_id":101}`+"\n" || c.stderr != "" {
		t.Errorf("%q %q", c.stdout, c.stderr)
	}
}

func TestReadFromAWSUnderAPrefix(t *testing.T) {
	w := newWorld(t)
	today := time.Now().In(w.Configured.ScrapRight[0].Location).Format(time.DateOnly)
	exported := decoded[app.Result](t, yardstick(t, w.config(), "export", "--json", "--from", daysAgo(6)).expect(t, complete))
	for _, d := range exported[0].Accounts[0].Datasets {
		args := []string{"read", d.Dataset}
		if d.Dataset == "purchases" {
			args = append(args, "--from", daysAgo(6), "--to", today)
		}
		c := yardstick(t, w.config(), args...).expect(t, complete)
		if n := strings.Count(c.stdout, "\n"); int64(n) != d.Rows || n == 0 || c.stderr != "" {
			t.Errorf("%s: %d lines, expected %d\n%s", d.Dataset, n, d.Rows, c.stderr)
		}
	}
}

func TestReadOfADamagedObjectEndsWithOneAndNamesIt(t *testing.T) {
	s := november(t)
	key := "scrapright/main/purchases/account=main/dt=2024-11-03/purchases.json.gz"
	key = strings.Replace(key, "/main/purchases", "/purchases", 1)
	if err := os.Truncate(filepath.Join(s.dir, "s3", "acme", key), 40); err != nil {
		t.Fatal(err)
	}
	scan := func(args, stdout string) { // not expect: the search for secrets wants whole objects
		c := s.read(t, args)
		if c.code != failed || !strings.Contains(c.stderr, key+": ") || !strings.Contains(c.stderr, "restore an earlier version") || c.stdout != stdout {
			t.Errorf("%s: exit code %d\n%s\n%s", args, c.code, c.stdout, c.stderr)
		}
	}
	scan("purchases --from 2024-11-02 --to 2024-11-03 --account main", "")
	scan("purchases --from 2024-11-01 --to 2024-11-03 --account main --csv", "")
	scan("purchases --from 2024-11-03 --to 2024-11-03", `{"Id":4,"Note":"half \ud83d of a pair"}`+"\n")
}

func TestReadTellsOfBadUsage(t *testing.T) {
	s := newShelf(t, func(*shelf) {})
	for args, told := range map[string]string{
		"":                           `expected "<dataset>"`,
		"purchase":                   `dataset: found "purchase", expected one of ["brand_daily" "brands" "businesses" "citation_daily"`,
		"purchases --to 2024-11-01":  "--to needs --from",
		"purchases --safe":           "--safe needs --csv",
		"purchases --json --csv":     "--json and --csv exclude each other",
		"purchases --brand 1":        "--brand: purchases is not kept by brand",
		"purchases --account nope":   `--account: found "nope", expected one of ["annex" "main"]`,
		"purchases --source scrunch": `dataset: found "purchases", expected one of ["brand_daily"`,
		"purchases --source shop":    `--source: found "shop", expected one that the configuration has accounts of`,
		"purchases --from 2024-11-02 --to 2024-11-01": "--from 2024-11-02 is after --to 2024-11-01",
		"brand_daily --brand x":                       "--brand",
	} {
		t.Run(args, func(t *testing.T) { s.read(t, args).expect(t, badUsage, told).silent(t) })
	}
}

// long is an object that no pipe holds at once.
func long(t *testing.T) *shelf {
	t.Helper()
	return newShelf(t, func(s *shelf) {
		var lines []string
		for i := range 20_000 {
			lines = append(lines, fmt.Sprintf(`{"Id":%d,"Note":"some text that makes it longer"}`, i))
		}
		s.put(t, "scrapright/main/purchases/2024-11-01/purchases", false, lines...)
	})
}

func TestAReaderWhoClosesThePipeEndsItQuietly(t *testing.T) {
	s := long(t)
	for _, csv := range []string{"", "--csv"} {
		reader, writer, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			_, _ = bufio.NewReader(reader).ReadString('\n')
			_ = reader.Close()
		}()
		var stderr bytes.Buffer
		args := append([]string{"read", "--local", s.dir, "purchases", "--from", "2024-11-01", "--account", "main"}, strings.Fields(csv)...)
		code := run(t.Context(), args, strings.NewReader(""), writer, &stderr, environment(shelfConfig))
		if err := writer.Close(); code != pipeClosed || stderr.Len() > 0 || err != nil {
			t.Errorf("%s: exit code %d, %v, standard error %q", csv, code, err, stderr.String())
		}
	}
}

// TestTheProgramEndsAsOthersDoWhenItsReaderLeaves has the real one write to a pipe: the signal ends it.
func TestTheProgramEndsAsOthersDoWhenItsReaderLeaves(t *testing.T) {
	s := long(t)
	program := filepath.Join(t.TempDir(), "yardstick")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	var stderr bytes.Buffer
	c := exec.CommandContext(t.Context(), program, "read", "--local", s.dir, "purchases", "--from", "2024-11-01", "--account", "main")
	c.Stdout, c.Stderr, c.Env = writer, &stderr, append(os.Environ(), "YARDSTICK_CONFIG="+shelfConfig)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	_ = writer.Close() // the program has its own
	line, err := bufio.NewReader(reader).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, `{"Id":0,`) {
		t.Errorf("%q %v", line, err)
	}
	_ = reader.Close()
	_ = c.Wait() // it tells of the signal
	if status, ok := c.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGPIPE || stderr.Len() > 0 {
		t.Errorf("%v, standard error %q; expected an end by SIGPIPE", c.ProcessState, stderr.String())
	}
}

func TestReadOnAFullDiskIsAFailure(t *testing.T) {
	s := long(t)
	var stderr bytes.Buffer
	args := []string{"read", "--local", s.dir, "purchases", "--from", "2024-11-01", "--account", "main"}
	code := run(t.Context(), args, strings.NewReader(""), full{}, &stderr, environment(shelfConfig))
	if code != failed || strings.TrimSpace(stderr.String()) != "yardstick: write the results: no space left on device" {
		t.Errorf("exit code %d, standard error %q", code, stderr.String())
	}
}
