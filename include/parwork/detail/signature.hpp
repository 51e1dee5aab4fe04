// The signature of a callable that is neither overloaded nor a template, as a plain function type:
// what its parameters tell where they are spelled out.
#pragma once

namespace parwork::detail {

template <class T>
struct signature {};
template <class Returned, class... Parameter>
struct signature<Returned(Parameter...)> {
  using type = Returned(Parameter...);
};
template <class Returned, class... Parameter>
struct signature<Returned(Parameter...) noexcept> : signature<Returned(Parameter...)> {};
template <class Function>
struct signature<Function*> : signature<Function> {};
template <class Class, class Returned, class... Parameter>
struct signature<Returned (Class::*)(Parameter...)> : signature<Returned(Parameter...)> {};
template <class Class, class Returned, class... Parameter>
struct signature<Returned (Class::*)(Parameter...) const> : signature<Returned(Parameter...)> {};
template <class Class, class Returned, class... Parameter>
struct signature<Returned (Class::*)(Parameter...) noexcept> : signature<Returned(Parameter...)> {};
template <class Class, class Returned, class... Parameter>
struct signature<Returned (Class::*)(Parameter...) const noexcept>
    : signature<Returned(Parameter...)> {};
template <class Class, class Returned, class... Parameter>
struct signature<Returned (Class::*)(Parameter...)&> : signature<Returned(Parameter...)> {};
template <class Class, class Returned, class... Parameter>
struct signature<Returned (Class::*)(Parameter...) const&> : signature<Returned(Parameter...)> {};
template <class Class, class Returned, class... Parameter>
struct signature<Returned (Class::*)(Parameter...) & noexcept> : signature<Returned(Parameter...)> {
};
template <class Class, class Returned, class... Parameter>
struct signature<Returned (Class::*)(Parameter...) const & noexcept>
    : signature<Returned(Parameter...)> {};
template <class T>
  requires requires { &T::operator(); }
struct signature<T> : signature<decltype(&T::operator())> {};

template <class T>
concept has_signature = requires { typename signature<T>::type; };

}  // namespace parwork::detail
