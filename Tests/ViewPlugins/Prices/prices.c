#include "prices.h"
