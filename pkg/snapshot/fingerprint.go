package snapshot

import (
	"encoding/binary"
	"math/bits"
)

// Words without a pattern, which differ in about half their bits.
const (
	mix0 = 0x9e3779b97f4a7c15
	mix1 = 0xe7037ed1a0b428db
	mix2 = 0x8ebc6af09c88c6e3
	mix3 = 0x589965cc75374cc3
)

// Line is a line of a spool, without its end. It is only good until the next method of the spool that it came from.
type Line []byte

// Fingerprint is a hash of the line. Cursors keep it from run to run, so it is the same on every machine and has no seed. It
// tells lines apart that nobody made to collide: each 16 bytes are folded into the state by a multiplication to 128 bits.
func (l Line) Fingerprint() uint64 { return fingerprint(l) }

func fingerprint(line []byte) uint64 {
	a, b := uint64(mix0), uint64(len(line))*mix3
	rest := line
	for ; len(rest) >= 32; rest = rest[32:] {
		a = mix(binary.LittleEndian.Uint64(rest)^mix1, binary.LittleEndian.Uint64(rest[8:])^a)
		b = mix(binary.LittleEndian.Uint64(rest[16:])^mix2, binary.LittleEndian.Uint64(rest[24:])^b)
	}
	var last [32]byte // what is left, and zeros: the length tells them from zeros of the line
	copy(last[:], rest)
	a = mix(binary.LittleEndian.Uint64(last[:])^mix1, binary.LittleEndian.Uint64(last[8:])^a)
	b = mix(binary.LittleEndian.Uint64(last[16:])^mix2, binary.LittleEndian.Uint64(last[24:])^b)
	return mix(mix(a^mix3, b^mix0), uint64(len(line))^mix2)
}

// mix folds the product of both; both stay in it, so that a zero on one side does not wipe out the other.
func mix(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return a ^ b ^ high ^ low
}
