"""All-pairs search of filters, and the match weights of the pairs it finds. Pure: arrays in, arrays out."""
