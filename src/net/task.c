// SPDX-License-Identifier: Apache-2.0
// The links of a list of tasks, and what a refused task tells its client. Who runs a task, and when, is the
// pools'. Under the lock of the list's owner.
#include "net/task.h"

#include "base/clock.h"
#include "base/limits.h"

unsigned task_retry_s(uint64_t wait_ns)
{
    uint64_t seconds = (wait_ns + NS_PER_S - 1) / NS_PER_S;
    if (seconds > LIMIT_RETRY_AFTER_S)
        return LIMIT_RETRY_AFTER_S;
    return seconds > 0 ? (unsigned)seconds : 1;
}

void task_list_add(struct task_list *list, struct task *task)
{
    task->next = NULL;
    task->before = list->last;
    if (list->last != NULL)
        list->last->next = task;
    else
        list->first = task;
    list->last = task;
    list->count++;
}

void task_list_remove(struct task_list *list, struct task *task)
{
    if (task->before != NULL)
        task->before->next = task->next;
    else
        list->first = task->next;
    if (task->next != NULL)
        task->next->before = task->before;
    else
        list->last = task->before;
    list->count--;
}
