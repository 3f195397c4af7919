//! Names that generated code can't have, in some language, without being renamed.

use super::names::snake;

/// Reserved words of the languages, in lower case. Words of SQL and of shells don't matter.
const RESERVED: &str = "abstract alignas alignof and any arguments array as asm assert async auto await base \
    become begin bool boolean box break byte callable case catch char checked class \
    clone co_await co_return co_yield concept const const_cast consteval constexpr \
    constinit continue covariant crate debugger decimal declare decltype def default \
    defer deferred defined deinit del delegate delete die do double dyn dynamic \
    dynamic_cast echo elif else elseif elsif empty end enddeclare endfor endforeach \
    endif endswitch endwhile ensure enum eval event except exit explicit export extends \
    extension extern external fallthrough false fileprivate final finally fixed float fn \
    for foreach friend from func function get global go goto guard id if impl implements \
    implicit import in include include_once indirect infix init inline inout instanceof \
    insteadof int interface internal is isset iterable lambda late lazy let library list \
    lock long loop macro map match mixin mod module move mut mutable namespace native \
    nil noexcept none nonlocal not null nullptr object open operator or out override \
    package params parent pass postfix precedencegroup prefix print priv private \
    protected protocol pub public raise range readonly redo ref register \
    reinterpret_cast repeat require require_once required requires rescue restrict \
    rethrow retry return sbyte sealed select self set short signed sizeof stackalloc \
    static static_assert static_cast strictfp string struct subscript super switch \
    synchronized template then this thread_local throw throws trait transient true try \
    type typealias typedef typeid typename typeof uint ulong unchecked undef union \
    unless unowned unsafe unset unsigned unsized until use ushort using val var virtual \
    void volatile weak when where while with xor yield";

/// Reserved words of PHP, where names of classes have no case.
const PHP: &str = "abstract and array as bool break callable case catch class clone const continue \
    declare default die do echo else elseif empty enddeclare endfor endforeach endif \
    endswitch endwhile enum eval exit extends false final finally float fn for foreach \
    function global goto if implements include instanceof insteadof int interface isset \
    iterable list match mixed namespace never new null object or parent print private \
    protected public readonly require return self static string switch throw trait true \
    try unset use var void while xor yield";

/// Members of generated messages: Java and Kotlin, C++, C#, Go, Objective-C, Python, Ruby.
const MEMBERS: &str = "all_fields class default_instance_for_type descriptor_for_type \
    initialization_error_string parser_for_type serialized_size unknown_fields byte_size \
    cached_size clear default_instance descriptor merge_from metadata reflection swap \
    type_name parser types marshal proto_message proto_reflect reset unmarshal alloc \
    autorelease copy data dealloc hash init new release retain retain_count superclass \
    zone constructor extensions fields_by_name from_string inspect list_fields method \
    methods object_id prototype send serialize_to_string to_h to_s";

/// Basic types that a generated class would hide or be renamed for.
const BASIC: &str = "Array Boolean Builder Closure Descriptor Dictionary Double Enum Error Exception \
    Future Generator Hash Integer Iterator Kernel Message Method Number Option Optional \
    Proc Promise Protocol Record Result Self Set Some Stream Symbol System Task Thread \
    Throwable Type Vec";

/// Members of generated clients: Java, C#, Rust, Python, JavaScript, Dart, Swift.
const CLIENT_MEMBERS: &str = "Build Channel Close Connect Constructor GetCallOptions GetChannel Inner \
    MakeUnaryRequest New NewInstance NewStub ToString WithCallCredentials \
    WithCompression WithDeadline WithExecutor WithHost WithInterceptor WithInterceptors \
    WithOption WithOrigin WithWaitForReady";

/// Words of the list above that are harmless as names of fields: generators escape them or
/// don't use them bare, and the best-known contracts have them.
const HARMLESS_FIELDS: &str = "event guard id list parent range";

fn is_in(words: &str, word: &str) -> bool {
    words.split_whitespace().any(|one| one == word)
}

/// Returns true for a reserved word that is no good name of a field.
pub(super) fn is_field(name: &str) -> bool {
    is_in(RESERVED, name) && !is_in(HARMLESS_FIELDS, name)
}

/// Returns true for a member that generated messages have anyway.
pub(super) fn is_member(name: &str) -> bool {
    is_in(MEMBERS, name)
}

/// Returns true for a name that a message, enum or service can't have as its class.
pub(super) fn is_type(name: &str) -> bool {
    is_in(PHP, &name.to_ascii_lowercase()) || is_in(BASIC, name)
}

/// Returns true for a name that a method can't have in a generated client.
pub(super) fn is_method(name: &str) -> bool {
    is_in(RESERVED, &snake(name)) || is_in(CLIENT_MEMBERS, name)
}
