package simulator

import (
	"iter"
	"sync"
)

const (
	chunkSize = 100      // records that are made at once
	bookSize  = 96 << 20 // bytes of them that are kept
)

// generated is a list whose records are made when they are asked for: each follows from its number alone.
type generated struct {
	key        chunkKey // less the chunk's number
	n          int
	descending bool
	write      func(dst []byte, i int) []byte
	book       *book
}

func (g generated) size() int { return g.n }

func (g generated) records(from, to int) iter.Seq[string] {
	return func(yield func(string) bool) {
		var open chunk
		number := -1
		for i := from; i < to; i++ {
			at := i
			if g.descending {
				at = g.n - 1 - i
			}
			if at/chunkSize != number {
				number = at / chunkSize
				open = g.chunk(number)
			}
			if !yield(open.record(at % chunkSize)) {
				return
			}
		}
	}
}

// chunk gives the records from number*chunkSize on.
func (g generated) chunk(number int) chunk {
	key := g.key
	key.number = number
	if c, ok := g.book.find(key); ok {
		return c
	}
	var c chunk
	var text []byte
	for i := number * chunkSize; i < min((number+1)*chunkSize, g.n); i++ {
		text = g.write(text, i)
		c.ends = append(c.ends, len(text))
	}
	c.text = string(text)
	g.book.keep(key, c)
	return c
}

// chunk is some records in one piece.
type chunk struct {
	text string
	ends []int
}

func (c chunk) record(i int) string {
	begin := 0
	if i > 0 {
		begin = c.ends[i-1]
	}
	return c.text[begin:c.ends[i]]
}

type chunkKey struct {
	listKey
	n      int // records in the whole list, of which a ticket's time depends
	number int
}

// book keeps chunks, so that they are not made again for every question.
type book struct {
	mu     sync.Mutex
	chunks map[chunkKey]chunk
	bytes  int
}

func (b *book) find(key chunkKey) (chunk, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c, ok := b.chunks[key]
	return c, ok
}

// keep puts a chunk away. A full book is emptied: what is asked for again is made again.
func (b *book) keep(key chunkKey, c chunk) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.bytes > bookSize {
		clear(b.chunks)
		b.bytes = 0
	}
	if _, ok := b.chunks[key]; ok {
		return // another request was first
	}
	b.chunks[key] = c
	b.bytes += len(c.text)
}
