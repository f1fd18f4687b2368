package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/go-json-experiment/json/jsontext"
)

// tokenized reads an array as Array does, by the tokenizer alone.
func tokenized(from io.Reader) (elements []string, err error) {
	d := Decoder(from)
	if d.PeekKind() != '[' {
		return nil, errors.New("no array")
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, Broken(err)
	}
	for d.PeekKind() != ']' {
		value, err := d.ReadValue()
		if err != nil {
			return elements, Broken(err)
		}
		elements = append(elements, string(value))
	}
	if _, err := d.ReadToken(); err != nil {
		return elements, Broken(err)
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return elements, Malformed("something follows the array of rows")
	}
	return elements, nil
}

// scanned reads an array by Array, and holds each object's members against those it has by itself. Objects that are at hand
// whole are skipped where skips says so.
func scanned(t *testing.T, from io.Reader, skips func(number int) bool) (elements []string, err error) {
	t.Helper()
	a := NewArray(from)
	if _, opens := a.Opens(); !opens {
		return nil, errors.New("no array")
	}
	for {
		if ahead := a.Ahead(); len(ahead) > 0 && ahead[0] == '{' && skips(len(elements)) {
			if end := scan(ahead, 0); end > 0 {
				elements = append(elements, string(ahead[:end]))
				a.Skip(end)
				continue
			}
		}
		element, members, err := a.Next()
		if errors.Is(err, io.EOF) {
			return elements, nil
		}
		if err != nil {
			return elements, err
		}
		elements = append(elements, string(element))
		want, _ := Members(element)
		if !slices.EqualFunc(members, want, func(a, b Member) bool { return a.Name == b.Name && bytes.Equal(a.Value, b.Value) }) {
			t.Fatalf("%q has the members %q, expected %q", element, members, want)
		}
	}
}

func never(int) bool  { return false }
func always(int) bool { return true }

// An array that arrives in whatever pieces is what the tokenizer says it is, errors and their places and all.
func FuzzArray(f *testing.F) {
	for _, seed := range []string{`[]`, ` [ {"a":1} , {"b":[{}]} ] `, `[{}`, `[{},`, `[{}]]`, `[1]`, `[{},1,{"a":2}]`, `{"detail":"no"}`, ``, " \n", `[{"a":1,"a":2}]`, "[{\"a\":\"\xff\"}]",
		`[{"a":1}x`, `[{"a":1} {"b":2}]`, `[{"a":01}]`, `[{"a":1},{"a":2},{"b" 1}]`, `[,]`, `[{},]`, `[{}}`, "\xef\xbb\xbf[]", `[{"\u0061":1},{"\u0061":2},{"b":1,"\u0061":3}]`,
		`[{"a":` + strings.Repeat("[", 70) + strings.Repeat("]", 70) + `},{"b":1}]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		want, wantErr := tokenized(bytes.NewReader(bytes.TrimPrefix(body, []byte("\uFEFF"))))
		for from, skips := range map[io.Reader]func(int) bool{bytes.NewReader(body): never, bytes.NewReader(body): always,
			iotest.OneByteReader(bytes.NewReader(body)): never, io.MultiReader(bytes.NewReader(body[:min(1, len(body))]), bytes.NewReader(body[min(1, len(body)):])): always, iotest.HalfReader(bytes.NewReader(body)): func(n int) bool { return n%2 == 0 },
			iotest.DataErrReader(bytes.NewReader(body)): always} {
			got, err := scanned(t, from, skips)
			if !slices.Equal(got, want) || fmt.Sprint(err) != fmt.Sprint(wantErr) {
				t.Fatalf("%q: %q, %v; expected %q, %v", body, got, err, want, wantErr)
			}
		}
	})
}

// Elements around the size of the buffer, and reading that fails anywhere.
func TestAnArrayOfElementsOfAnyLengthIsReadWhole(t *testing.T) {
	body := "["
	for i, length := range []int{1, arrayBuffer - 30, arrayBuffer, 3 * arrayBuffer, 10, 400_000, 5} {
		body += strings.Repeat(",", min(i, 1)) + fmt.Sprintf(`{"n":%d,"s":"%s"}`, i, strings.Repeat("x", length))
	}
	body += "]"
	for from, skips := range map[io.Reader]func(int) bool{strings.NewReader(body): never, iotest.HalfReader(strings.NewReader(body)): always} {
		got, err := scanned(t, from, skips)
		if err != nil || "["+strings.Join(got, ",")+"]" != body {
			t.Errorf("%d elements, %v", len(got), err)
		}
	}
	fails := errors.New("fails")
	for length := 0; length < len(body); length += 7919 {
		from := func() io.Reader { return io.MultiReader(strings.NewReader(body[:length]), iotest.ErrReader(fails)) }
		got, err := scanned(t, from(), func(n int) bool { return n%2 == 1 })
		want, wantErr := tokenized(from())
		if !slices.Equal(got, want) || fmt.Sprint(err) != fmt.Sprint(wantErr) {
			t.Errorf("after %d bytes %d elements, %v; expected %d, %v", length, len(got), err, len(want), wantErr)
		}
	}
}

func TestElementsOfAnArrayAllocateNothing(t *testing.T) {
	const rows = 5000
	record := `{"date":"20261117","prompt":"a \"text\" with é","branded":false,"responses":2,"deep":[{"a":1}]}`
	body := []byte("[" + strings.Repeat(record+",", rows-1) + record + "]")
	allocations := testing.AllocsPerRun(3, func() {
		a := NewArray(bytes.NewReader(body))
		a.Opens()
		n := 0
		for {
			element, _, err := a.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if n++; err != nil || element.Kind() != jsontext.KindBeginObject {
				t.Fatal(err)
			}
		}
		if n != rows {
			t.Fatalf("%d rows", n)
		}
	})
	if allocations > 60 {
		t.Errorf("%v allocations for %d rows", allocations, rows)
	}
}
