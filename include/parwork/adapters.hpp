// Ready-made generators, work and collectors, each in the header of its name.
#pragma once

#include "parwork/batched.hpp"
#include "parwork/chunks.hpp"
#include "parwork/file_blocks.hpp"
#include "parwork/files.hpp"
#include "parwork/into.hpp"
#include "parwork/lines.hpp"
#include "parwork/paced.hpp"
#include "parwork/prioritized.hpp"
#include "parwork/tee.hpp"
#include "parwork/weighed.hpp"
