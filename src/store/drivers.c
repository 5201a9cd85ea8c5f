// SPDX-License-Identifier: Apache-2.0
// The list of all drivers: the one place that names them. Any thread.
#include "store/driver.h"

const struct store_driver *store_driver_at(size_t number)
{
    static const struct store_driver *const drivers[] = {&sqlite_driver, &postgresql_driver};
    return number < ARRAY_LEN(drivers) ? drivers[number] : NULL;
}
