; What slots.c takes for granted of products, over the integers: "unsat" is the proof.
(declare-const x Int)
(declare-const y Int)
(declare-const s Int)
(assert (and (<= 0 x) (< x y) (< 0 s)))
(assert (not (<= (+ (* x s) s) (* y s))))
(check-sat)
